package config

import (
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
)

// maxSecretFile is how large a file with one secret may be.
const maxSecretFile = 64 << 10

// secretFiles reads variables of the environment from files, as container platforms mount secrets: NAME_FILE names
// the file that NAME would hold the text of.
type secretFiles struct {
	getenv   func(string) string
	problems []string
}

// get is the value of a variable, or what stands in its file, without the end of the last line; "" when neither is given.
func (s *secretFiles) get(name string) string {
	value, file := s.getenv(name), s.getenv(name+"_FILE")
	if file == "" || !strings.HasPrefix(name, "BURSAR_") && value != "" {
		return value // others' programs have variables that end with _FILE
	}
	if value != "" {
		s.fail("%s and %s_FILE are both set; set one of them", name, name)
		return value
	}
	text, err := readSecret(file)
	if err != nil {
		s.fail("%s_FILE: %v", name, err)
	}
	return text
}

// fail notes what is wrong with a variable once, however often it is asked for.
func (s *secretFiles) fail(format string, args ...any) {
	if text := fmt.Sprintf(format, args...); !slices.Contains(s.problems, text) {
		s.problems = append(s.problems, text)
	}
}

func readSecret(path string) (string, error) {
	file, err := os.Open(path)
	if err != nil {
		return "", err
	}
	defer file.Close()
	data, err := io.ReadAll(io.LimitReader(file, maxSecretFile+1))
	if err != nil {
		return "", err
	}
	text := strings.TrimRight(string(data), "\r\n")
	switch {
	case len(data) > maxSecretFile:
		return "", errors.New("the file is larger than 64 KB; it must hold one secret")
	case text == "":
		return "", errors.New("the file is empty")
	}
	return text, nil
}

// Variable is a variable of the environment, or what stands in the file that NAME_FILE names; "" when neither is given.
func Variable(name string, getenv func(string) string) (string, error) {
	environment := &secretFiles{getenv: getenv}
	value := environment.get(name)
	if len(environment.problems) > 0 {
		return "", errors.New(environment.problems[0])
	}
	return value, nil
}
