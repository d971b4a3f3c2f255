package foretell

import "strings"

// What one run plans for an object shows mistakes that no single resource shows: two resources that make or import the same
// object, and one that is destroyed under an old address and made again under a new one.

// Claimed is what a run plans for an object besides.
type Claimed struct {
	// Twice: another resource of the run makes or imports it, too.
	Twice bool
	// Held: the state has it under another address.
	Held bool
	// Renamed: the run destroys it under another address.
	Renamed bool
}

// Creates notes that an object is to be made. what is its resource type and id.
func (j *Judge) Creates(what string) Claimed {
	if j == nil {
		return Claimed{}
	}
	j.mu.Lock()
	defer j.mu.Unlock()
	claimed := Claimed{Twice: !j.silent && (j.created[what] || j.imported[what]), Renamed: j.destroyed[what]}
	j.created[what] = true
	return claimed
}

// Imports notes that an object is imported.
func (j *Judge) Imports(what string) Claimed {
	if j == nil {
		return Claimed{}
	}
	j.mu.Lock()
	defer j.mu.Unlock()
	claimed := Claimed{Twice: j.created[what] || j.imported[what], Held: j.held[what]}
	j.imported[what] = true
	return claimed
}

// Holds notes that the state has an object, and says whether another resource imports it.
func (j *Judge) Holds(what string) (imported bool) {
	if j == nil {
		return false
	}
	j.mu.Lock()
	defer j.mu.Unlock()
	j.held[what] = true
	return j.imported[what]
}

// Destroys notes that an object is to be destroyed, and says whether it is also to be made.
func (j *Judge) Destroys(what string) (renamed bool) {
	if j == nil {
		return false
	}
	j.mu.Lock()
	defer j.mu.Unlock()
	j.destroyed[what] = true
	return j.created[what]
}

func (j *Judge) isDestroyed(what string) bool {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.destroyed[what]
}

// Claim is what tells an object from all others: its resource type and the parts of its id.
func Claim(resourceType string, id ...string) string {
	return strings.Join(append([]string{resourceType}, id...), "\x00")
}

// KeyClaim is that of a key.
func KeyClaim(keyID string) string { return Claim("bursar_key", keyID) }
