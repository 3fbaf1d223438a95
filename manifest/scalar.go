package manifest

// Scalar returns a text that may also be given as a JSON number, such as a
// group's name or number; "" where it is not set.
func (v *Values) Scalar(id string) string {
	text, _ := v.scalar(id)
	return text
}
