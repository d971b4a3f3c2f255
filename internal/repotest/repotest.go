// Package repotest holds the rules of this repository as tests: who may import whom, how
// large a file may grow, what the top level holds, and that the prose names what exists.
//
// It promises that a broken rule is named with the file and what to do instead.
// It must never know what any package does.
package repotest
