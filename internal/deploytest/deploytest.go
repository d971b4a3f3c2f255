// Package deploytest holds the files of examples/ that run and watch a gateway against the programs they are for.
//
// It promises that what a file names is there: metrics, settings, ports, commands. It must never hold anything that
// another package uses.
package deploytest
