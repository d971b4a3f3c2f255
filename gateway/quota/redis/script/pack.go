package script

import (
	"encoding/binary"
	"fmt"
	"math"
)

// Pack writes arguments as one list for cmsgpack.unpack. Redis takes longer to read a number of its own than to make all of
// a small decision, and a group has hundreds. Numbers arrive as numbers, all else as what it is.
func Pack(args []any) []byte {
	packed := make([]byte, 0, 16*len(args))
	packed = binary.BigEndian.AppendUint32(append(packed, 0xdd), uint32(len(args)))
	for _, arg := range args {
		packed = appendPacked(packed, arg)
	}
	return packed
}

func appendPacked(packed []byte, arg any) []byte {
	switch value := arg.(type) {
	case int:
		return appendPackedInt(packed, int64(value))
	case int64:
		return appendPackedInt(packed, value)
	case float64:
		return binary.BigEndian.AppendUint64(append(packed, 0xcb), math.Float64bits(value))
	case bool:
		if value {
			return append(packed, 0xc3)
		}
		return append(packed, 0xc2)
	case string:
		return append(appendPackedLength(packed, len(value)), value...)
	case []byte:
		return append(appendPackedLength(packed, len(value)), value...)
	}
	panic(fmt.Sprintf("an argument of a script is a %T", arg))
}

func appendPackedInt(packed []byte, value int64) []byte {
	switch {
	case 0 <= value && value <= math.MaxInt8:
		return append(packed, byte(value))
	case math.MinInt32 <= value && value <= math.MaxInt32:
		return binary.BigEndian.AppendUint32(append(packed, 0xd2), uint32(value))
	}
	return binary.BigEndian.AppendUint64(append(packed, 0xd3), uint64(value))
}

func appendPackedLength(packed []byte, length int) []byte {
	if length < 32 {
		return append(packed, 0xa0|byte(length))
	}
	return binary.BigEndian.AppendUint32(append(packed, 0xdb), uint32(length))
}
