package seal

import (
	"crypto/rand"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"strings"
)

// KeyFile is the name of the file in the data directory that holds the master key in base64.
const KeyFile = "secret.key"

// PreviousKeyFile holds the key before it, while what was written with that one moves to the new one.
const PreviousKeyFile = KeyFile + ".previous"

var errKeyText = fmt.Errorf("is not %d bytes in base64 or hexadecimal; make one with: openssl rand -base64 %[1]d", KeySize)

// Parse returns the sealer for a master key written in base64 or hexadecimal, as in BURSAR_SECRET_KEY.
// The error never repeats the text.
func Parse(text string) (*Sealer, error) {
	master, err := decodeKey(strings.TrimSpace(text))
	if err != nil {
		return nil, err
	}
	return New(master)
}

// decodeKey tries each spelling; 64 hexadecimal digits would also be base64, but of 48 bytes.
func decodeKey(text string) ([]byte, error) {
	decoders := []func(string) ([]byte, error){
		hex.DecodeString,
		base64.StdEncoding.DecodeString,
		base64.RawStdEncoding.DecodeString,
		base64.URLEncoding.DecodeString,
		base64.RawURLEncoding.DecodeString,
	}
	for _, decode := range decoders {
		if key, err := decode(text); err == nil && len(key) == KeySize {
			return key, nil
		}
	}
	return nil, errKeyText
}

// LoadOrCreate returns the sealer for the key file of a data directory, making both when they are
// missing. Processes that start at the same time end up with the same key. Whoever loses the file
// loses the secrets that were sealed with it.
func LoadOrCreate(dataDir string) (*Sealer, error) {
	path := filepath.Join(dataDir, KeyFile)
	sealer, err := load(path)
	if !errors.Is(err, fs.ErrNotExist) {
		return sealer, err
	}
	if err := create(dataDir, path); err != nil {
		return nil, fmt.Errorf("make secret key: %w", err)
	}
	return load(path)
}

// LoadPrevious returns the sealer for the key before the one of a data directory, and nil where there is none.
func LoadPrevious(dataDir string) (*Sealer, error) {
	sealer, err := load(filepath.Join(dataDir, PreviousKeyFile))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil //nolint:nilnil // none is no error
	}
	return sealer, err
}

// Replace makes a new key file in a data directory and keeps the one there as the previous one. It refuses where there is
// a previous one that differs: then the record still moves. Run again after a crash it goes on.
func Replace(dataDir string) error {
	path, previous := filepath.Join(dataDir, KeyFile), filepath.Join(dataDir, PreviousKeyFile)
	now, err := load(path)
	if err != nil {
		return err
	}
	before, err := LoadPrevious(dataDir)
	if err != nil {
		return err
	}
	if before != nil && before.keyID != now.keyID {
		return fmt.Errorf("there is a previous key at %s: finish that rotation first, and remove the file", previous)
	}
	next := path + ".next"
	if err := os.RemoveAll(next); err != nil {
		return fmt.Errorf("make secret key: %w", err)
	}
	if err := create(dataDir, next); err != nil {
		return fmt.Errorf("make secret key: %w", err)
	}
	if err := os.Link(path, previous); err != nil && !errors.Is(err, fs.ErrExist) {
		return fmt.Errorf("keep the secret key before it: %w", err)
	}
	if err := os.Rename(next, path); err != nil {
		return fmt.Errorf("put the new secret key in its place: %w", err)
	}
	return syncDir(dataDir)
}

func load(path string) (*Sealer, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, fmt.Errorf("read secret key: %w", err)
	}
	// A group may read it, because volumes of containers are often mounted that way.
	if runtime.GOOS != "windows" && info.Mode().Perm()&0o007 != 0 {
		return nil, fmt.Errorf("secret key %s is open to every user (mode %04o); run: chmod 600 %[1]s", path, info.Mode().Perm())
	}
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("read secret key: %w", err)
	}
	sealer, err := Parse(string(text))
	if err != nil {
		return nil, fmt.Errorf("secret key in %s %w", path, err)
	}
	return sealer, nil
}

// create writes a new key beside path and links it there when it is complete, so that nobody reads
// half a key. A link fails where a file is already, so the first of two processes wins.
func create(dataDir, path string) error {
	if err := os.MkdirAll(dataDir, 0o700); err != nil {
		return err
	}
	draft, err := os.CreateTemp(dataDir, KeyFile+".*") // 0600, as documented
	if err != nil {
		return err
	}
	defer os.Remove(draft.Name())
	err = writeKey(draft)
	if closeErr := draft.Close(); err == nil {
		err = closeErr
	}
	if err != nil {
		return err
	}
	if err := os.Link(draft.Name(), path); err != nil && !errors.Is(err, fs.ErrExist) {
		return err
	}
	return syncDir(dataDir)
}

func writeKey(file *os.File) error {
	key := make([]byte, KeySize)
	rand.Read(key) // never fails, as documented
	if _, err := fmt.Fprintln(file, base64.StdEncoding.EncodeToString(key)); err != nil {
		return err
	}
	return file.Sync()
}

// syncDir makes a new name in the directory survive a power cut, where the system can.
func syncDir(dataDir string) error {
	if runtime.GOOS == "windows" {
		return nil
	}
	dir, err := os.Open(dataDir)
	if err != nil {
		return err
	}
	defer dir.Close()
	return dir.Sync()
}
