package redis_test

import (
	"fmt"
	"testing"
	"time"

	goredis "github.com/redis/go-redis/v9"

	"github.com/bursarhq/terraform-provider-bursar/gateway/quota/quotatest"
	"github.com/bursarhq/terraform-provider-bursar/gateway/quota/redis/script"
	"github.com/bursarhq/terraform-provider-bursar/internal/testenv"
)

// TestRedis_keepsABusyWindowAsATable: a list of so many fields is walked through for each of them.
func TestRedis_keepsABusyWindowAsATable(t *testing.T) {
	server := testenv.StartRedis(t)
	clock := quotatest.NewClock()
	engine := openRedis(t, server.URL(), clock, quotatest.NewRecord(), "bursar")
	client := goredis.NewClient(&goredis.Options{Addr: server.Addr()})
	t.Cleanup(func() { _ = client.Close() })
	window := script.Keys{Prefix: "bursar"}.Slot("marketing") + ":w:team:marketing"
	for requests, want := range []string{"listpack", "hashtable"} {
		if requests > 0 {
			if err := client.HIncrBy(t.Context(), window, "r", 600).Err(); err != nil {
				t.Fatal(err)
			}
			clock.Advance(time.Second)
		}
		if decision, err := engine.Reserve(t.Context(), teamRequest(clock, 0)); err != nil || !decision.Admitted {
			t.Fatalf("reserve: %+v, %v", decision, err)
		}
		if got, err := client.ObjectEncoding(t.Context(), window).Result(); err != nil || got != want {
			t.Errorf("the window is a %s, %v; want a %s", got, err, want)
		}
	}
}

// TestPack_isReadAsWhatItWas has Redis write what it reads, after the type that it has there.
func TestPack_isReadAsWhatItWas(t *testing.T) {
	const tell = `
		local told = {}
		for i, value in ipairs(cmsgpack.unpack(ARGV[1])) do
			told[i] = type(value) .. ' ' .. (type(value) == 'number' and string.format('%.17g', value) or tostring(value))
		end
		return told`
	long, longer := fmt.Sprintf("%031d", 1), fmt.Sprintf("%0300d", 1)
	args := []any{
		0, 127, 128, -1, -128, 1 << 31, -(1 << 31), -(1 << 31) - 1, int64(1) << 53, -(int64(1) << 53), 0.25, true, false,
		"", "a", long, long + "2", longer, []byte("{}"),
	}
	want := []string{
		"number 0", "number 127", "number 128", "number -1", "number -128", "number 2147483648", "number -2147483648", "number -2147483649",
		"number 9007199254740992", "number -9007199254740992", "number 0.25", "boolean true", "boolean false",
		"string ", "string a", "string " + long, "string " + long + "2", "string " + longer, "string {}",
	}
	client := goredis.NewClient(&goredis.Options{Addr: hostOf(t, testenv.Redis(t))})
	t.Cleanup(func() { _ = client.Close() })
	got, err := client.Eval(t.Context(), tell, nil, script.Pack(args)).StringSlice()
	if err != nil || fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("read %q, %v;\nwant %q", got, err, want)
	}
}
