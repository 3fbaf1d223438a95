package manifest

// identifier reports whether id is a shell identifier: the platform passes each field as a variable of its name.
func identifier(id string) bool {
	for i, c := range []byte(id) {
		letter := c == '_' || 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z'
		if !letter && (i == 0 || c < '0' || c > '9') {
			return false
		}
	}
	return id != ""
}

// Check reports everything that is wrong with the files.
func (m Manifest) Check() error {
	_, err := m.Integration()
	return err
}
