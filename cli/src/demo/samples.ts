/**
 * The files of the demo: what stands in many repositories.
 * @module
 */

export const VALUES_YAML = `# Values of the shop, production.
# Reviewed by the platform team.
image:
  repository: registry.example.com/shop   # pulled by the nodes
  tag: "2.14.0"

replicas: 3

database:
  host: db.internal.example.com
  user: 'shop'
  password: "correct horse battery staple" # rotated every quarter
  options: {sslmode: require, pool: 10}

# Third parties
payment:
  apiKey: pk_live_4f9a8b7c6d5e
  webhookSecrets:
    - whsec_one
    - whsec_two
  certificate: |
    -----BEGIN CERTIFICATE-----
    MIIBhTCCASugAwIBAgIQIRi6zePL6mKjOipn+dNuaTAKBggqhkjOPQQDAjASMRAw
    -----END CERTIFICATE-----
`

export const CONFIG_JSON = `{
  "service": "shop",
  "smtp": { "user": "mailer", "password": "sm7p-p4ss" },
  "features": ["search", "export"],
  "limits": { "requests": 100, "ratio": 0.25 }
}
`

export const RULES_YAML = (recipient: string): string => `creation_rules:
  # Helm values: only what is secret.
  - path_regex: values\\.yaml$
    encrypted_regex: ^(password|apiKey|webhookSecrets|certificate)$
    age: ${recipient}
  # Everything else: every value.
  - age: ${recipient}
`

export const SECRET_YAML = `apiVersion: v1
kind: Secret
metadata:
  name: shop-db
  namespace: shop
  labels:
    app: shop
type: Opaque
stringData:
  username: shop
  password: correct horse battery staple
`
