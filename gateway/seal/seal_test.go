package seal_test

import (
	"bytes"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/bursarhq/terraform-provider-bursar/gateway/seal"
)

var (
	masterA = []byte("0123456789abcdef0123456789ABCDEF")
	masterB = []byte("0123456789abcdef0123456789ABCDEG")
)

func newSealer(t testing.TB, master []byte) *seal.Sealer {
	t.Helper()
	sealer, err := seal.New(master)
	if err != nil {
		t.Fatal(err)
	}
	return sealer
}

func TestSeal_opensInItsPlaceOnly(t *testing.T) {
	sealer := newSealer(t, masterA)
	rapid.Check(t, func(t *rapid.T) {
		plain := rapid.SliceOf(rapid.Byte()).Draw(t, "plain")
		place := rapid.String().Draw(t, "place")
		other := rapid.String().Filter(func(s string) bool { return s != place }).Draw(t, "other")

		sealed, err := sealer.Seal(plain, place)
		if err != nil {
			t.Fatal(err)
		}
		if len(plain) > 3 && bytes.Contains(sealed, plain) {
			t.Fatal("sealed value holds the plain one")
		}
		opened, err := sealer.Open(sealed, place)
		if err != nil || !bytes.Equal(opened, plain) {
			t.Fatalf("Open = %x, %v, want %x", opened, err, plain)
		}
		if _, err := sealer.Open(sealed, other); !errors.Is(err, seal.ErrAltered) {
			t.Fatalf("Open elsewhere: %v, want ErrAltered", err)
		}
	})
}

func TestSeal_neverTwiceTheSame(t *testing.T) {
	sealer := newSealer(t, masterA)
	first, _ := sealer.Seal([]byte("whsec"), "here")
	second, _ := sealer.Seal([]byte("whsec"), "here")
	if bytes.Equal(first, second) {
		t.Error("one value sealed twice gives the same bytes, which tells that they are equal")
	}
}

func TestOpen_everyBitCounts(t *testing.T) {
	sealer := newSealer(t, masterA)
	sealed, err := sealer.Seal([]byte("s3cret"), "alert_route/route_1/webhook")
	if err != nil {
		t.Fatal(err)
	}
	for bit := range len(sealed) * 8 {
		altered := bytes.Clone(sealed)
		altered[bit/8] ^= 1 << (bit % 8)
		if plain, err := sealer.Open(altered, "alert_route/route_1/webhook"); err == nil {
			t.Fatalf("bit %d flipped, still opens to %q", bit, plain)
		}
	}
	for length := range len(sealed) {
		if _, err := sealer.Open(sealed[:length], "alert_route/route_1/webhook"); !errors.Is(err, seal.ErrAltered) {
			t.Fatalf("cut to %d bytes: %v, want ErrAltered", length, err)
		}
	}
}

// The halves of two sealed values must not fit together: data key of one, value of the other.
func TestOpen_halvesOfTwoValues(t *testing.T) {
	sealer := newSealer(t, masterA)
	first, _ := sealer.Seal([]byte("first!"), "here")
	second, _ := sealer.Seal([]byte("second"), "here")
	const wrapped = 1 + 8 + 12 + 32 + 16
	mixed := append(bytes.Clone(first[:wrapped]), second[wrapped:]...)
	if _, err := sealer.Open(mixed, "here"); !errors.Is(err, seal.ErrAltered) {
		t.Errorf("mixed value: %v, want ErrAltered", err)
	}
}

func TestOpen_otherMasterKey(t *testing.T) {
	sealed, err := newSealer(t, masterA).Seal([]byte("s3cret"), "here")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := newSealer(t, masterB).Open(sealed, "here"); !errors.Is(err, seal.ErrOtherKey) {
		t.Errorf("Open with another key: %v, want ErrOtherKey", err)
	}
}

func TestDerive_perPurposeAndKey(t *testing.T) {
	a, b := newSealer(t, masterA), newSealer(t, masterB)
	keys := map[string]string{}
	for name, key := range map[string][]byte{
		"a audit": a.Derive("audit"), "a pepper": a.Derive("pepper"), "b audit": b.Derive("audit"), "a empty": a.Derive(""),
	} {
		if len(key) != 32 {
			t.Errorf("%s is %d bytes long", name, len(key))
		}
		if twin, seen := keys[string(key)]; seen {
			t.Errorf("%s is the same as %s", name, twin)
		}
		keys[string(key)] = name
	}
	if !bytes.Equal(a.Derive("audit"), newSealer(t, masterA).Derive("audit")) {
		t.Error("the same purpose gives another key after a restart")
	}
}

func TestNew_refusesWeakKeys(t *testing.T) {
	for name, master := range map[string][]byte{
		"nil": nil, "short": masterA[:31], "long": append(bytes.Clone(masterA), 'x'), "zeros": make([]byte, 32),
	} {
		if _, err := seal.New(master); err == nil {
			t.Errorf("%s: accepted", name)
		}
	}
}

func TestSealer_printsNoKey(t *testing.T) {
	sealer := newSealer(t, masterA)
	var log bytes.Buffer
	slog.New(slog.NewJSONHandler(&log, nil)).Info("started", "sealer", sealer)
	printed := log.String()
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%x", "%d", "%q"} {
		printed += fmt.Sprintf(verb, sealer) + fmt.Sprintf(verb, struct{ S *seal.Sealer }{sealer})
	}
	for _, leak := range []string{string(masterA), fmt.Sprintf("%x", masterA), "48 49 50", "0x30, 0x31"} {
		if strings.Contains(printed, leak) {
			t.Errorf("printed %q holds the key as %q", printed, leak)
		}
	}
}
