// Package checksummed reads and writes files of lines that a process may die in the middle of: each is the checksum of its JSON in
// hexadecimal, a space, the JSON.
//
// It promises to return no line that is not whole. It must never know what the lines hold.
package checksummed

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"hash/crc32"
	"io"
	"strconv"
)

// sumLen is the length of a line's checksum in hexadecimal, and of the space behind it.
const sumLen = 9

// AppendLine adds a value as a line. appendJSON adds the value's JSON.
func AppendLine[T any](to []byte, value *T, appendJSON func(to []byte, value *T) []byte) []byte {
	start := len(to)
	to = appendJSON(append(to, "00000000 "...), value)
	sum := crc32.ChecksumIEEE(to[start+sumLen:])
	for i := range sumLen - 1 {
		to[start+i] = "0123456789abcdef"[sum>>(28-4*i)&0xf]
	}
	return append(to, '\n')
}

// Read returns what the lines of a file hold, up to its end or the first line that is not whole: a process that died while
// it wrote that line has not answered for it. The error is the file's.
func Read[T any](file io.Reader) (rows []T, err error) {
	lines := bufio.NewReader(file)
	for {
		line, err := lines.ReadBytes('\n')
		if errors.Is(err, io.EOF) {
			return rows, nil
		}
		if err != nil {
			return nil, err //nolint:wrapcheck // the caller names the file
		}
		row, whole := read[T](line)
		if !whole {
			return rows, nil
		}
		rows = append(rows, row)
	}
}

func read[T any](line []byte) (row T, whole bool) {
	sum, data, found := bytes.Cut(bytes.TrimSuffix(line, []byte("\n")), []byte(" "))
	expected, err := strconv.ParseUint(string(sum), 16, 32)
	if !found || err != nil || uint64(crc32.ChecksumIEEE(data)) != expected {
		return row, false
	}
	return row, json.Unmarshal(data, &row) == nil
}
