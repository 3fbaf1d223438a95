package actions

import "slices"

// storeFields are the resource fields that an action on saved emails uses; the
// mailbox and its filters are nothing to it.
var storeFields = []string{
	"timeout", "cloud_soar_api_url", "cloud_soar_email_store", "email_store_access_id", "email_store_access_key", "access_id", "access_key", "jwt_token",
	"cloud_soar_requests_per_second", "cloud_soar_concurrent_requests", "cloud_soar_routes", "max_message_size", "proxy_url", "no_proxy",
}

// readsMailbox are the actions that log in to the mail server. Every other one uses storeFields.
var readsMailbox = []string{"test-settings", "incoming-mail-daemon", "audit"}

// Uses reports whether an action uses a resource field: its help shows those
// first, and a slip in another one does not stop it.
func Uses(action, field string) bool {
	return slices.Contains(readsMailbox, action) || slices.Contains(storeFields, field)
}

// takesText are the actions that also work on an email or a text that is given,
// without Cloud SOAR.
var takesText = []string{"analyze-eml-msg", "email-body-regex", "email-header-regex", "email-subject-regex"}

// Required says when an action demands the required fields of the resource that it uses.
func Required(action string) string {
	if slices.Contains(takesText, action) {
		return "required with cloud_soar_mail_id"
	}
	return "required"
}
