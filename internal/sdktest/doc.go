// Package sdktest holds a whole gateway against the official clients of OpenAI and Anthropic, for Go
// and for JavaScript: what they call, stream and retry works, and refusals become their exceptions.
//
// It has nothing but tests. It must never know how the gateway does it: it talks to its address alone.
package sdktest
