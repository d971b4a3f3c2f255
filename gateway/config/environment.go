package config

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v3"
)

var variable = regexp.MustCompile(`\$\{([A-Za-z_][A-Za-z0-9_]*)\}`)

// expandEnvironment replaces ${NAME} in every text of the tree. A name that is not set is
// a problem and not an empty text: an empty API key fails much later and says much less.
func expandEnvironment(node *yaml.Node, getenv func(string) string) (problems []string) {
	if node.Kind == yaml.ScalarNode && strings.Contains(node.Value, "${") {
		node.Value = variable.ReplaceAllStringFunc(node.Value, func(reference string) string {
			name := reference[2 : len(reference)-1]
			value := getenv(name)
			if value == "" {
				problems = append(problems, fmt.Sprintf("line %d: environment variable %s is not set", node.Line, name))
			}
			return value
		})
	}
	for _, child := range node.Content {
		problems = append(problems, expandEnvironment(child, getenv)...)
	}
	return problems
}

// applyEnvironment lets BURSAR_* variables win over the file.
func applyEnvironment(f *file, getenv func(string) string) (problems []string) {
	for name, field := range map[string]*string{
		"BURSAR_LISTEN":        &f.Listen,
		"BURSAR_ADMIN_KEY":     &f.AdminKey,
		"BURSAR_DATA_DIR":      &f.DataDir,
		"BURSAR_DATABASE_URL":  &f.DatabaseURL,
		"BURSAR_REDIS_URL":     &f.RedisURL,
		"BURSAR_SECRET_KEY":    &f.SecretKey,
		"BURSAR_DRAIN_DELAY":   &f.DrainDelay,
		"BURSAR_DRAIN_TIMEOUT": &f.DrainTimeout,
	} {
		if value := getenv(name); value != "" {
			*field = value
		}
	}
	if value := getenv("BURSAR_MIN_OUTPUT_TOKENS"); value != "" {
		least, err := strconv.ParseInt(value, 10, 64)
		if err != nil {
			return []string{fmt.Sprintf("BURSAR_MIN_OUTPUT_TOKENS: %q is not a whole number", value)}
		}
		f.MinOutputTokens = &least
	}
	return nil
}
