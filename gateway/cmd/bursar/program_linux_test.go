package main

import (
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"
)

func TestReleaseProgram_givesPagesBackAndGoesOn(t *testing.T) {
	before := heldOfFiles(t)
	releaseProgram()
	if after := heldOfFiles(t); after >= before {
		t.Errorf("%d kB of files are held after the program's pages were given back, %d kB before", after, before)
	}
}

// heldOfFiles is how much this process holds of the files that it has mapped, in kB.
func heldOfFiles(t *testing.T) int {
	t.Helper()
	status, err := os.ReadFile("/proc/self/status")
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(status)) {
		if value, ok := strings.CutPrefix(line, "RssFile:"); ok {
			kilobytes, err := strconv.Atoi(strings.Fields(value)[0])
			if err != nil {
				t.Fatal(err)
			}
			return kilobytes
		}
	}
	t.Fatal("/proc/self/status has no RssFile, which Linux has had since 4.5")
	return 0
}

func TestRegionsOfFile_leavesWhatWasWritten(t *testing.T) {
	const smaps = `00400000-01d3b000 r-xp 00000000 fe:00 10379349                           /opt/bursar
Size:              25836 kB
Anonymous:             0 kB
VmFlags: rd ex mr mw me sd
01d3b000-04456000 r--p 0193b000 fe:00 10379349                           /opt/bursar
Anonymous:             4 kB
04456000-04586000 rw-p 04056000 fe:00 10379349                           /opt/bursar
Anonymous:             0 kB
05000000-05001000 r--s 00000000 fe:00 10379349                           /opt/bursar
Anonymous:             0 kB
06000000-06001000 r-xp 00000000 fe:00 10379350                           /opt/other/bursar
Anonymous:             0 kB
c000000000-c000400000 rw-p 00000000 00:00 0 
Anonymous:             0 kB
`
	if got, want := regionsOfFile(strings.NewReader(smaps), "/opt/bursar"), []region{{0x400000, 0x1d3b000}}; !slices.Equal(got, want) {
		t.Errorf("regions are %x, want %x", got, want)
	}
}
