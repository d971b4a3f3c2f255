package checksummed_test

import (
	"errors"
	"fmt"
	"hash/crc32"
	"slices"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/bursarhq/terraform-provider-bursar/gateway/checksummed"
)

func line(json string) string {
	return fmt.Sprintf("%08x %s\n", crc32.ChecksumIEEE([]byte(json)), json)
}

func TestRead_endsAtTheFirstLineThatIsNotWhole(t *testing.T) {
	for name, test := range map[string]struct {
		file string
		want []int
	}{
		"nothing":          {"", nil},
		"whole":            {line("1") + line("2"), []int{1, 2}},
		"no end":           {line("1") + strings.TrimSuffix(line("2"), "\n"), []int{1}},
		"another checksum": {line("1") + "00000000 2\n" + line("3"), []int{1}},
		"no checksum":      {line("1") + "2\n", []int{1}},
		"no JSON":          {line("1") + line("{"), []int{1}},
		"a checksum only":  {line("1") + "00000000\n", []int{1}},
	} {
		got, err := checksummed.Read[int](strings.NewReader(test.file))
		if err != nil || !slices.Equal(got, test.want) {
			t.Errorf("%s: %v %v, want %v", name, got, err, test.want)
		}
	}
	broken := errors.New("broken disk")
	if _, err := checksummed.Read[int](iotest.ErrReader(broken)); !errors.Is(err, broken) {
		t.Errorf("got %v", err)
	}
}
