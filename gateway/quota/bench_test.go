package quota_test

import (
	"testing"

	"github.com/bursarhq/terraform-provider-bursar/gateway/quota"
	"github.com/bursarhq/terraform-provider-bursar/gateway/quota/quotatest"
)

func BenchmarkMemory(b *testing.B) {
	engine := quota.NewMemory(quotatest.Discard{}, quota.MemoryOptions{})
	b.Cleanup(func() { _ = engine.Close() })
	quotatest.Bench(b, engine)
}
