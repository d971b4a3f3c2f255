package console

import (
	"crypto/sha256"
	"encoding/hex"
)

// assetTags name each asset's content, so that browsers ask but do not load again.
var assetTags = tagAssets()

func tagAssets() map[string]string {
	tags := map[string]string{}
	entries, err := assetFiles.ReadDir("assets")
	if err != nil {
		panic(err) // they are part of the program
	}
	for _, entry := range entries {
		data, err := assetFiles.ReadFile("assets/" + entry.Name())
		if err != nil {
			panic(err)
		}
		sum := sha256.Sum256(data)
		tags[entry.Name()] = `"` + hex.EncodeToString(sum[:8]) + `"`
	}
	return tags
}
