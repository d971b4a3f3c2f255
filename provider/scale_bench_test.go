package provider_test

import (
	"os"
	"path/filepath"
	"regexp"
	"runtime"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"
)

// hugeSize is how many teams, each with a key, make bench-estate measures; ESTATE says otherwise.
const hugeSize = 10_000

// mostProviderMB is what the provider may take of memory for them.
const mostProviderMB = 300

// What Terraform does with a huge estate, how long it takes, and how much memory the provider needs: a plan of what is as it
// should be, the apply of one changed limit, and the import of all of it. Terraform itself is most of it.
func BenchmarkEstate(b *testing.B) {
	size := hugeSize
	if given, err := strconv.Atoi(os.Getenv("ESTATE")); err == nil {
		size = given
	}
	g := startGatewayAlone(b)
	keys := g.settleEstate(size)
	first := map[string]string{teamName(0): keys[teamName(0)]}
	changed := strings.Replace(estateConfig, "rpm_limit       = 30", `rpm_limit       = each.key == "`+teamName(0)+`" ? 31 : 30`, 1)

	planned := newEstate(b, estateConfig, first, g.settings()...)
	planned.adopt()
	planned.multiply(g.namesOf(keys))
	planned.writeKeys(keys)
	measured(b, "plan", func() { planned.plansNothing() })
	measured(b, "apply of one change", func() {
		planned.write("main.tf", changed)
		planned.apply()
		planned.write("main.tf", estateConfig)
	})
	measured(b, "import", func() { newEstate(b, changed, keys, g.settings()...).adopt() })
}

func measured(b *testing.B, name string, run func()) {
	b.Run(name, func(b *testing.B) {
		for range b.N {
			var peak atomic.Int64
			done := make(chan struct{})
			go watchProvider(&peak, done)
			run()
			close(done)
			if runtime.GOOS != "linux" {
				continue // where the memory of others cannot be read so
			}
			megabytes := float64(peak.Load()) / 1024
			b.ReportMetric(megabytes, "provider-MB")
			if megabytes == 0 || megabytes > mostProviderMB {
				b.Errorf("the provider took %.0f MB, want at most %d", megabytes, mostProviderMB)
			}
		}
	})
}

var peakMemory = regexp.MustCompile(`VmHWM:\s+(\d+) kB`)

// watchProvider notes the most memory, in kB, that any provider of this test has had at a time.
func watchProvider(peak *atomic.Int64, done <-chan struct{}) {
	program := filepath.Join(builtFolder, "terraform-provider-bursar")
	ticker := time.NewTicker(100 * time.Millisecond)
	defer ticker.Stop()
	for {
		select {
		case <-done:
			return
		case <-ticker.C:
		}
		processes, _ := filepath.Glob("/proc/[0-9]*/exe")
		for _, link := range processes {
			if target, err := os.Readlink(link); err != nil || target != program {
				continue
			}
			status, _ := os.ReadFile(filepath.Join(filepath.Dir(link), "status"))
			if found := peakMemory.FindSubmatch(status); found != nil {
				kilobytes, _ := strconv.ParseInt(string(found[1]), 10, 64)
				peak.Store(max(peak.Load(), kilobytes))
			}
		}
	}
}
