package wire

import (
	"encoding/json"

	"github.com/hashicorp/terraform-plugin-go/tfprotov6"
	"github.com/vmihailenco/msgpack/v5"
)

// What Terraform sends is looked at here without the plugin framework: MessagePack for objects, JSON for private state.

// Names in private state of what no read and no plan depends on.
const (
	// RevisionKey is of the object's revision, as a number.
	RevisionKey = "revision"
	// ImportedKey is of an object that was imported and not yet changed.
	ImportedKey = "imported"
)

// isNull is for a value that the decoder met: it makes nothing of a null.
func isNull(value msgpack.RawMessage) bool { return len(value) == 0 }

// attributesOf are an object's, not decoded; none for what is no object, such as one that is not there.
func attributesOf(object *tfprotov6.DynamicValue) map[string]msgpack.RawMessage {
	var attributes map[string]msgpack.RawMessage
	if msgpack.Unmarshal(object.MsgPack, &attributes) != nil {
		return nil
	}
	return attributes
}

// isNone is for an object that is not there.
func isNone(object *tfprotov6.DynamicValue) bool {
	if object == nil {
		return true
	}
	none, err := object.IsNull()
	return none && err == nil
}

// privateEntries are what the resource keeps in private state. It says false for what the resource has not written, and
// for entries that more depends on than what is sent with an update.
func privateEntries(private []byte) (map[string][]byte, bool) {
	if len(private) == 0 {
		return nil, true
	}
	var entries map[string][]byte
	if json.Unmarshal(private, &entries) != nil {
		return nil, false
	}
	for name := range entries {
		if name != RevisionKey && name != ImportedKey {
			return nil, false
		}
	}
	return entries, true
}
