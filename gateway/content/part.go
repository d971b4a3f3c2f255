package content

import (
	"bytes"
	"encoding/json"
	"slices"
)

// facts are what an object says of itself.
type facts struct {
	members int
	// payload is how many members there are besides those that only name or place the object.
	payload int
	// kind is the type that it claims, kinds how often it claims one.
	kind  []byte
	kinds int
	// strings that tell where content is; nil when they are not given or empty.
	id, url, mediaType, data *value
	text, encrypted          bool
	listed                   bool // it has a list or object of content
	// media of its own.
	pictures, sounds, files []member
	source                  *value
	result                  *value
	// ids are all that it has, by names in small letters or large ones.
	ids [][]byte
}

// member is one that holds media, or points to some.
type member struct {
	name  string
	value value
}

// textOnly are members that are text for the model, or settings, whatever they hold: schemas, arguments of tool
// calls, and what an answer said of its sources.
func textOnly(name []byte, top bool) bool {
	if top {
		switch string(name) {
		case "model", "responseformat", "text", "format", "outputconfig", "outputformat", "metadata", "instructions", "audio",
			"reasoning", "thinking", "streamoptions", "logitbias", "toolchoice", "include", "user", "prediction",
			"chattemplatekwargs", "websearchoptions", "searchparameters", "plugins", "contextmanagement", "stop", "functioncall":
			return true
		}
		return false
	}
	switch string(name) {
	case "arguments", "args", "action", "env", "environment", "citations", "annotations", "cachecontrol", "parameters", "schema",
		"inputschema", "jsonschema", "logprobs", "metadata", "queries", "results", "caller", "operation", "input":
		return true
	}
	return false
}

// object goes through an object and judges it.
func (w *walk) object(at place) facts {
	var f facts
	w.members(func(raw []byte) {
		name := foldInto(&w.name, raw)
		f.members++
		switch string(name) {
		case "type", "id", "status", "role", "phase", "index", "object":
		default:
			f.payload++
		}
		switch {
		case string(name) == "tools", at.zone == atTop && string(name) == "functions":
			w.tools()
		case textOnly(name, at.zone == atTop):
			w.skip()
		default:
			w.member(&f, at, name)
		}
	})
	if at.zone != inside {
		w.judge(&f, at)
	}
	return f
}

// placeOf is where a member's value stands.
func placeOf(at place, name []byte) place {
	switch string(name) {
	case "messages", "input", "system", "contents":
		if at.zone == atTop {
			return place{zone: conversation, strict: true, part: true, item: string(name) == "input"}
		}
		return place{zone: deeper(at.zone)}
	case "content", "output", "parts":
		within := at.zone == conversation || at.zone == inside
		return place{zone: deeper(at.zone), strict: at.strict && within, part: within}
	case "imageurl", "image", "inputimage", "source", "inputaudio", "audio", "audiourl", "file", "filedata", "result":
		return place{zone: inside, strict: at.strict && at.zone == conversation}
	default:
		return place{zone: deeper(at.zone)}
	}
}

func deeper(z zone) zone {
	switch z {
	case atTop:
		return elsewhere
	case inside:
		return conversation
	default:
		return z
	}
}

// member goes through one member and notes what it says.
func (w *walk) member(f *facts, at place, folded []byte) {
	var kept [longestName]byte
	name := kept[:copy(kept[:], folded)] // the walk below uses the buffer again
	v := w.value(placeOf(at, name))
	if v.empty {
		return
	}
	switch string(name) {
	case "type":
		f.kind, f.kinds = v.text, f.kinds+1
	case "id":
		f.id = v.kept()
		if v.kind == 's' {
			f.ids = append(f.ids, v.text)
		}
	case "url", "uri", "fileuri":
		f.url = v.kept()
	case "mediatype", "mimetype":
		f.mediaType = v.kept()
	case "data":
		f.data = v.kept()
	case "encryptedcontent":
		f.encrypted = true
	case "text":
		f.text = true
	case "content", "output", "parts":
		f.listed = true
	case "source":
		switch { // a text is the title of what was found
		case v.isObject():
			f.source = v.kept()
		case v.kind == 'l':
			f.files = append(f.files, member{"source", v})
		}
	case "result":
		f.result = v.kept()
	case "imageurl", "image", "inputimage", "imagefile", "images":
		f.pictures = append(f.pictures, member{string(name), v})
	case "inputaudio", "audio", "audiourl", "outputaudio":
		f.sounds = append(f.sounds, member{string(name), v})
	case "fileid", "fileids", "fileurl", "filedata", "file", "files", "attachments", "document", "documenturl", "inputfile",
		"video", "videourl", "inputvideo", "videofile", "audiofile", "inlinedata", "mediaurl", "pdf", "pdfurl", "cachedcontent":
		f.files = append(f.files, member{string(name), v})
	}
}

// judge weighs an object by what it says of itself, as the dearest vendor might read it.
func (w *walk) judge(f *facts, at place) {
	kind := unquotedKind(f.kind)
	w.refer(f, kind, at)
	sure := at.strict && f.kinds == 1 && at.zone == conversation
	switch {
	case isOneOf(kind, "image_generation_call"):
		w.storedPicture(f, sure)
	case isPicture(kind):
		w.picturePart(f, sure)
		return
	case isCitation(kind):
		return
	case isOneOf(kind, "item_reference"), at.item && isReference(f, kind):
		w.unweighed(cmp(kind, "item_reference"))
	case at.part && f.kinds > 0 && !isKnown(kind):
		w.unweighed(kind)
	}
	for _, picture := range f.pictures {
		w.picture(&picture.value, false)
	}
	for _, sound := range f.sounds {
		w.sound(&sound.value, sure && isSound(kind))
	}
	w.filePart(f, kind, sure)
}

// picturePart is a part of which a vendor makes a picture or nothing.
func (w *walk) picturePart(f *facts, sure bool) {
	before := w.found.Pictures
	for _, picture := range f.pictures {
		w.picture(&picture.value, sure)
	}
	if source := f.source; source != nil {
		w.pictureSource(&source.facts, sure)
	}
	for _, file := range f.files {
		if file.name != "fileid" {
			w.unweighed(file.name)
		}
	}
	if w.found.Pictures == before {
		w.found.Pictures++ // by id, or in words that are not known
	}
}

// pictureSource is Anthropic's way to say where a picture is.
func (w *walk) pictureSource(source *facts, sure bool) {
	w.found.Pictures++
	switch {
	case source.mediaType != nil && !hasPrefix(source.mediaType, "image/"):
		w.unweighed(head(source.mediaType.text))
	case source.data != nil && source.mediaType != nil && sure:
		w.dropData(source.data)
	}
}

// picture weighs an address of a picture, a data URL or an object with one.
func (w *walk) picture(v *value, sure bool) {
	w.found.Pictures += max(1, int64(v.count))
	address := v
	if v.isObject() {
		address = v.facts.url
		if v.facts.data != nil && v.facts.mediaType != nil {
			w.pictureSource(&v.facts, sure)
		}
	}
	if address == nil || address.kind != 's' {
		return
	}
	switch kind := head(address.text); {
	case startsWith(kind, "data:image/"):
		if sure {
			w.dropData(address)
		}
	case startsWith(kind, "data:text/"), !startsWith(kind, "data:"): // text counts by its bytes
	default:
		w.unweighed("data that is no picture")
	}
}

// storedPicture is one that the model has made before: within, or kept by the provider.
func (w *walk) storedPicture(f *facts, sure bool) {
	w.found.Pictures++
	if f.result != nil && f.result.kind == 's' && sure {
		w.dropData(f.result)
	}
}

// sound weighs sound within, or a reference to some.
func (w *walk) sound(v *value, sure bool) {
	data := soundData(v)
	if data == nil || data.kind != 's' {
		w.unweighed("sound that is not within the request")
		return
	}
	if !w.found.sound(data.text) {
		w.unweighed("sound of a format whose size does not tell its length")
	}
	if sure {
		w.dropData(data)
	}
}

// soundData is where the sound itself stands; nil when it is elsewhere.
func soundData(v *value) *value {
	data, address := v, v
	if v.isObject() {
		data, address = v.facts.data, v.facts.url
		if v.facts.id != nil {
			return nil
		}
	}
	if data == nil && address != nil && startsWith(head(address.text), "data:") {
		return address
	}
	if data != nil && bytes.Contains([]byte(head(data.text)), []byte("://")) {
		return nil
	}
	return data
}

// filePart weighs what a vendor takes from elsewhere, or reads pages out of.
func (w *walk) filePart(f *facts, kind string, sure bool) {
	document := isDocument(kind)
	weighed := false
	for _, file := range f.files {
		if isText(&file.value, file.name) {
			weighed = true
			continue
		}
		w.unweighed(cmp(kind, file.name))
		w.dropFile(file.name, &file.value, sure && document)
	}
	if source := f.source; source != nil {
		switch {
		case isTextSource(&source.facts):
			weighed = true
		default:
			w.unweighed(cmp(kind, "source"))
			w.dropFile("source", source, sure && document)
		}
	}
	switch {
	case f.mediaType != nil && hasPrefix(f.mediaType, "text/"):
		weighed = true
	case f.mediaType != nil && (f.data != nil || f.url != nil):
		w.unweighed(head(f.mediaType.text))
	}
	if document && !weighed && !f.listed && !f.text {
		w.unweighed(kind)
	}
}

// dropFile leaves out the data of a file that counts as a whole window.
func (w *walk) dropFile(name string, v *value, sure bool) {
	switch {
	case !sure:
	case v.kind == 's':
		if name == "filedata" || name == "data" || startsWith(head(v.text), "data:") {
			w.dropData(v)
		}
	case v.isObject():
		for _, file := range v.facts.files {
			w.dropFile(file.name, &file.value, sure)
		}
		if v.facts.data != nil {
			w.dropFile("data", v.facts.data, sure)
		}
	}
}

// dropData notes a string that is media and no text.
func (w *walk) dropData(v *value) {
	at := len(w.found.Data)
	for at > 0 && w.found.Data[at-1].Start > v.span.Start { // found in the order in which objects end
		at--
	}
	if at > 0 && w.found.Data[at-1] == v.span {
		return
	}
	w.found.Data = append(w.found.Data, Span{})
	copy(w.found.Data[at+1:], w.found.Data[at:])
	w.found.Data[at] = v.span
}

// isText says whether a file is text that stands in the body, which counts by its bytes.
func isText(v *value, name string) bool {
	switch {
	case v.kind == 'p': // a number or true points to nothing
		return true
	case v.kind == 's' && name == "document":
		return !startsWith(head(v.text), "http") && !startsWith(head(v.text), "data:")
	case v.kind == 's':
		return name != "fileid" && startsWith(head(v.text), "data:text/")
	case v.isObject() && name == "document":
		return len(v.facts.files) == 0 && v.facts.source == nil && v.facts.url == nil && v.facts.mediaType == nil
	case v.isObject():
		texts := 0
		for _, file := range v.facts.files {
			if !isText(&file.value, file.name) {
				return false
			}
			texts++
		}
		return texts > 0 && v.facts.url == nil && v.facts.id == nil
	default:
		return false
	}
}

// isTextSource: Anthropic's documents of text, or of parts that are found by themselves.
func isTextSource(source *facts) bool {
	if source.kinds != 1 || source.url != nil || len(source.files) > 0 {
		return false
	}
	kind := string(source.kind)
	return kind == "text" || kind == "content"
}

// isReference: an item that only names another one, or thoughts that the provider keeps.
func isReference(f *facts, kind string) bool {
	if f.id == nil {
		return false
	}
	return f.payload == 0 || kind == "reasoning" && !f.encrypted
}

// refer notes which items of a provider's an object names. Vendors differ in whether letters are large or small, so
// that one with several ids, or of several kinds, may mean any of them.
func (w *walk) refer(f *facts, kind string, at place) {
	if len(f.ids) == 0 {
		return
	}
	needed := isOneOf(kind, "item_reference") || at.item && (f.payload == 0 || f.kinds > 1)
	kept := at.item && (isReference(f, kind) || isOneOf(kind, "image_generation_call") && f.result == nil)
	if !needed && !kept {
		return
	}
	for _, raw := range f.ids {
		var id string
		if json.Unmarshal(slices.Concat([]byte{'"'}, raw, []byte{'"'}), &id) == nil {
			w.found.References = append(w.found.References, Reference{ID: id, Needed: needed})
		}
	}
}

func hasPrefix(v *value, prefix string) bool {
	return v.kind == 's' && startsWith(head(v.text), prefix)
}

// startsWith does not mind upper and lower case, as addresses do not.
func startsWith(text, prefix string) bool {
	return len(text) >= len(prefix) && bytes.EqualFold([]byte(text[:len(prefix)]), []byte(prefix))
}
