package console

import "net/http"

// settingsBody is what is in force of the configuration.
type settingsBody struct {
	Sections []settingSection
}

type settingSection struct {
	Name     string
	Settings []Setting
}

// settings shows the configuration; it is changed in its file.
func (s *Server) settings(w http.ResponseWriter, r *http.Request, in *session) error {
	var body settingsBody
	for _, setting := range s.Settings() {
		last := len(body.Sections) - 1
		if last < 0 || body.Sections[last].Name != setting.Section {
			body.Sections = append(body.Sections, settingSection{Name: setting.Section})
			last++
		}
		body.Sections[last].Settings = append(body.Sections[last].Settings, setting)
	}
	return s.show(w, r, in, "settings", "Settings", false, body)
}
