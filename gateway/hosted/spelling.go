package hosted

import (
	"github.com/tidwall/gjson"

	"github.com/bursarhq/terraform-provider-bursar/gateway/content"
)

// options are an object's members by their folded names. A member may be there in several spellings, of which only the
// provider knows the one that it reads: what would cost the most counts.
type options struct {
	given bool
	by    map[string][]gjson.Result
}

func optionsOf(object gjson.Result) options {
	o := options{given: true, by: map[string][]gjson.Result{}}
	object.ForEach(func(name, value gjson.Result) bool {
		folded := content.Fold(name.String())
		o.by[folded] = append(o.by[folded], value)
		return true
	})
	return o
}

// said is the text of a member, "of several kinds" where its spellings disagree.
func (o options) said(name string) string {
	spelled := o.by[content.Fold(name)]
	if len(spelled) == 0 {
		return ""
	}
	for _, other := range spelled[1:] {
		if other.String() != spelled[0].String() {
			return "of several kinds"
		}
	}
	return spelled[0].String()
}

// most is the largest number that a member is given, 0 for none.
func (o options) most(name string) (most int64) {
	for _, value := range o.by[content.Fold(name)] {
		most = max(most, value.Int())
	}
	return most
}

// off: whatever spelling is read, it says false.
func (o options) off(name string) bool {
	spelled := o.by[content.Fold(name)]
	for _, value := range spelled {
		if value.Type != gjson.False {
			return false
		}
	}
	return len(spelled) > 0
}
