// Package alert takes alert events out of the record and delivers each to the routes that want it.
//
// It promises that every event reaches every enabled route that wants it at least once, or is
// given up after three days with a reason, that all attempts carry the event's id so that a
// receiver can drop repetitions, and that a slow receiver delays nobody else.
// It must never know what makes an event, how a budget is counted, or where the record is kept.
package alert
