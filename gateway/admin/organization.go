package admin

// ofNoOrganization says whether objects of an organization are wanted. Bursar has none: all objects are in LiteLLM's
// default one, none in another.
func ofNoOrganization(id string) bool { return id != "" && id != "default_organization" }
