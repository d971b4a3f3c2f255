package content

import (
	"bytes"
	"encoding/base64"
	"encoding/binary"
)

// WaveHeader is how much of a sound tells how fast it plays.
const WaveHeader = 4 << 10

// PCMRate is how many bytes of a sound are one second, from its beginning: for uncompressed sound in a WAV file
// whose rate of bytes is its rate of samples times the size of one. It is 0 for everything else, for headers that
// contradict themselves too: how long those play, their size alone tells.
func PCMRate(header []byte) int64 {
	if len(header) < 12 || string(header[:4]) != "RIFF" || string(header[8:12]) != "WAVE" {
		return 0
	}
	if bytes.Count(header, []byte("fmt ")) > 1 {
		return 0 // players differ in which of them they go by
	}
	for chunk := header[12:]; len(chunk) >= 8; {
		size := int(binary.LittleEndian.Uint32(chunk[4:8]))
		kind, rest := string(chunk[:4]), chunk[8:]
		switch {
		case kind == "fmt " && size >= 16 && len(rest) >= 16:
			return formatRate(rest[:min(size, len(rest))])
		case kind == "data" || kind == "fmt " || size > len(rest):
			return 0
		}
		chunk = rest[min(size+size%2, len(rest)):]
	}
	return 0
}

// formatRate reads the chunk that says how samples are kept.
func formatRate(format []byte) int64 {
	const pcm, float, extensible = 1, 3, 0xfffe
	const mostChannels, mostSamples, mostBits = 8, 192_000, 32
	kind, channels := binary.LittleEndian.Uint16(format), int64(binary.LittleEndian.Uint16(format[2:]))
	samples, rate := int64(binary.LittleEndian.Uint32(format[4:])), int64(binary.LittleEndian.Uint32(format[8:]))
	block, bits := int64(binary.LittleEndian.Uint16(format[12:])), int64(binary.LittleEndian.Uint16(format[14:]))
	if kind == extensible {
		kind = subformat(format)
	}
	switch {
	case kind != pcm && kind != float,
		channels < 1 || channels > mostChannels, samples < 1 || samples > mostSamples,
		bits < 8 || bits > mostBits || bits%8 != 0, block != channels*bits/8, rate != samples*block:
		return 0
	default:
		return rate
	}
}

// subformatEnd ends the name of every kind of sound that has a number.
const subformatEnd = "\x00\x00\x00\x00\x10\x00\x80\x00\x00\xaa\x00\x38\x9b\x71"

// subformat is the kind of sound that a longer format names; 0 for one without a number.
func subformat(format []byte) uint16 {
	const at, end = 24, 40
	if len(format) < end || string(format[at+2:end]) != subformatEnd {
		return 0
	}
	return binary.LittleEndian.Uint16(format[at:])
}

// sound weighs sound in base64, as it stands between a string's quotes.
func (f *Found) sound(raw []byte) (weighed bool) {
	f.Sounds++
	text := raw
	if bytes.HasPrefix(text, []byte("data:")) {
		_, text, _ = bytes.Cut(text, []byte(","))
	}
	encoded := text[:min(len(text), WaveHeader/3*4)]
	if bytes.IndexByte(text, '\\') >= 0 {
		return false
	}
	header := make([]byte, base64.StdEncoding.DecodedLen(len(encoded)))
	n, _ := base64.StdEncoding.Decode(header, encoded) // as far as it is base64
	if rate := PCMRate(header[:n]); rate > 0 {
		f.SoundSeconds += int64(len(text))*3/4/rate + 1
		return true
	}
	if isMP3(header[:n]) {
		f.SoundBytes += int64(len(text))
		return true
	}
	return false
}

// isMP3: MPEG sound of the third layer has at least 8 kbit/s. Of formats that keep silence in next to nothing the
// size says nothing, and some of them may stand behind an ID3 tag too.
func isMP3(header []byte) bool {
	const tag = 10
	if len(header) >= tag && string(header[:3]) == "ID3" {
		size := int(header[6]&0x7f)<<21 | int(header[7]&0x7f)<<14 | int(header[8]&0x7f)<<7 | int(header[9]&0x7f)
		header = header[min(tag+size, len(header)):]
	}
	if len(header) < 3 {
		return false
	}
	layerThree := header[0] == 0xff && header[1]&0xe6 == 0xe2
	rate := header[2] >> 4
	return layerThree && rate != 0 && rate != 0xf
}
