package soar

import _ "embed"

// OpenAPI describes every route of this package (OpenAPI 3.1). Tests hold it
// against the client's requests and the local server's answers.
//
//go:embed openapi.yaml
var OpenAPI []byte
