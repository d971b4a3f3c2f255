// Package seal encrypts the secrets that the record keeps, and derives the gateway's other keys
// from the same master key.
//
// It promises that a sealed value opens only with the master key that sealed it and only in the
// place it was sealed for, and that altering one bit of it is noticed. It must never know what a
// value means or where it is stored.
package seal

import (
	"bytes"
	"crypto/aes"
	"crypto/cipher"
	"crypto/hkdf"
	"crypto/rand"
	"crypto/sha256"
	"errors"
	"fmt"
	"log/slog"
)

// KeySize is the length of a master key in bytes.
const KeySize = 32

// Layout of a sealed value, version 1:
//
//	version (1) | key id (8) | data key, sealed (12 nonce + 32 + 16 tag) | value, sealed (12 nonce + n + 16 tag)
//
// Each value has a data key of its own, so that a new master key only has to seal the data keys
// again, and no key ever encrypts enough for its random nonces to meet.
const (
	version      = 1
	keyIDSize    = 8
	headerSize   = 1 + keyIDSize
	gcmOverhead  = 12 + 16
	wrappedSize  = gcmOverhead + KeySize
	minimumSize  = headerSize + wrappedSize + gcmOverhead
	labelPrefix  = "bursar/v1/"
	labelKeyID   = labelPrefix + "key-id"
	labelWrap    = labelPrefix + "key-encryption"
	labelDerived = labelPrefix + "derived/"
)

// ErrAltered says that a value was changed, cut, or moved from the place it was sealed for.
var ErrAltered = errors.New("sealed value was altered or belongs to another place")

// ErrOtherKey says that a value was sealed with a master key that is not this one.
var ErrOtherKey = errors.New("sealed with another secret key")

// Sealer seals and opens values with one master key. It may be used concurrently.
type Sealer struct {
	master [KeySize]byte
	keyID  [keyIDSize]byte
	wrap   cipher.AEAD
}

// New returns a sealer for a master key of [KeySize] random bytes.
func New(master []byte) (*Sealer, error) {
	if len(master) != KeySize {
		return nil, fmt.Errorf("secret key is %d bytes long, it must be %d", len(master), KeySize)
	}
	if bytes.Count(master, master[:1]) == KeySize {
		return nil, errors.New("secret key repeats one byte, it must be random")
	}
	s := &Sealer{master: [KeySize]byte(master)}
	copy(s.keyID[:], s.derive(labelKeyID))
	wrap, err := newAEAD(s.derive(labelWrap))
	if err != nil {
		return nil, err
	}
	s.wrap = wrap
	return s, nil
}

// Seal encrypts plain for a place, such as "alert_route/route_1/webhook". Sealing the same value
// twice gives different bytes.
func (s *Sealer) Seal(plain []byte, place string) ([]byte, error) {
	dataKey := make([]byte, KeySize)
	rand.Read(dataKey) // never fails, as documented
	data, err := newAEAD(dataKey)
	if err != nil {
		return nil, err
	}
	header := s.header()
	bound := boundTo(header, place)
	sealed := make([]byte, 0, minimumSize+len(plain))
	sealed = append(sealed, header...)
	sealed = s.wrap.Seal(sealed, nil, dataKey, bound)
	return data.Seal(sealed, nil, plain, bound), nil
}

// Open decrypts what [Sealer.Seal] made for the same place. Errors: [ErrAltered], [ErrOtherKey].
func (s *Sealer) Open(sealed []byte, place string) ([]byte, error) {
	if len(sealed) < minimumSize || sealed[0] != version {
		return nil, fmt.Errorf("open %s: %w", place, ErrAltered)
	}
	header, rest := sealed[:headerSize], sealed[headerSize:]
	if !bytes.Equal(header, s.header()) {
		return nil, fmt.Errorf("open %s: %w (key %x, ours is %x)", place, ErrOtherKey, header[1:], s.keyID)
	}
	bound := boundTo(header, place)
	dataKey, err := s.wrap.Open(nil, nil, rest[:wrappedSize], bound)
	if err != nil {
		return nil, fmt.Errorf("open %s: %w", place, ErrAltered)
	}
	data, err := newAEAD(dataKey)
	if err != nil {
		return nil, err
	}
	plain, err := data.Open(nil, nil, rest[wrappedSize:], bound)
	if err != nil {
		return nil, fmt.Errorf("open %s: %w", place, ErrAltered)
	}
	return plain, nil
}

// KeyID names the master key without telling anything of it. Every value that it seals has it in its bytes 2 to 9.
func (s *Sealer) KeyID() [keyIDSize]byte { return s.keyID }

// Derive returns a key of 32 bytes for a purpose, such as "audit" or "key-pepper": always the same
// for one master key and purpose, unrelated for any other.
func (s *Sealer) Derive(purpose string) []byte {
	return s.derive(labelDerived + purpose)
}

// Format prints no key, whatever the verb.
func (s *Sealer) Format(f fmt.State, _ rune) { fmt.Fprint(f, "[redacted]") }

// LogValue logs no key.
func (s *Sealer) LogValue() slog.Value { return slog.StringValue("[redacted]") }

func (s *Sealer) derive(label string) []byte {
	key, err := hkdf.Key(sha256.New, s.master[:], nil, label, KeySize)
	if err != nil {
		panic("seal: " + err.Error()) // only for a length that SHA-256 cannot give
	}
	return key
}

func (s *Sealer) header() []byte {
	return append([]byte{version}, s.keyID[:]...)
}

// boundTo is the additional data that ties both layers to their header and place.
func boundTo(header []byte, place string) []byte {
	return append(bytes.Clone(header), place...)
}

func newAEAD(key []byte) (cipher.AEAD, error) {
	block, err := aes.NewCipher(key)
	if err != nil {
		return nil, fmt.Errorf("prepare cipher: %w", err)
	}
	aead, err := cipher.NewGCMWithRandomNonce(block)
	if err != nil {
		return nil, fmt.Errorf("prepare cipher: %w", err)
	}
	return aead, nil
}
