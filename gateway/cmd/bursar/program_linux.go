package main

import (
	"bufio"
	"io"
	"os"
	"strconv"
	"strings"
	"syscall"
)

// releaseProgram gives back the pages of the program itself that starting has read and serving does not need: two thirds
// of what a gateway under little load holds. They are in the file, and whatever is used again is read from the page cache
// of the system. It only lowers what is held; where the system does not say what that is, nothing happens.
func releaseProgram() {
	program, err := os.Readlink("/proc/self/exe")
	if err != nil {
		return
	}
	file, err := os.Open("/proc/self/smaps")
	if err != nil {
		return
	}
	defer file.Close()
	for _, r := range regionsOfFile(file, program) {
		advise(r, syscall.MADV_NOHUGEPAGE) // else a byte that is read brings two megabytes back
		advise(r, syscall.MADV_DONTNEED)
	}
}

// advise tells the system about a region; what it does not follow changes nothing.
func advise(r region, advice uintptr) {
	_, _, _ = syscall.Syscall(syscall.SYS_MADVISE, r.start, r.end-r.start, advice)
}

// region is a part of this process's addresses.
type region struct{ start, end uintptr }

// regionsOfFile reads from /proc/PID/smaps where a file is mapped that is neither written there nor was: one with
// pages of its own, as relocation leaves them, would lose these.
func regionsOfFile(smaps io.Reader, path string) (regions []region) {
	var current region
	mapped := false
	for lines := bufio.NewScanner(smaps); lines.Scan(); {
		name, value, _ := strings.Cut(lines.Text(), " ")
		if start, end, isRegion := strings.Cut(name, "-"); isRegion {
			current = region{address(start), address(end)}
			readOnly := strings.HasPrefix(value, "r-xp") || strings.HasPrefix(value, "r--p")
			mapped = readOnly && strings.HasSuffix(value, " "+path)
		}
		if mapped && name == "Anonymous:" && strings.TrimSpace(value) == "0 kB" {
			regions = append(regions, current)
		}
	}
	return regions
}

// address reads what the system has written.
func address(hexadecimal string) uintptr {
	value, _ := strconv.ParseUint(hexadecimal, 16, 64)
	return uintptr(value)
}
