package mailbox

// SizesFirst has no email asked for before its size is known.
func (f *Folder) SizesFirst() { f.sizesFirst = true }
