export { generateIdentity, type NewIdentity } from './keygen.ts'
export { namedRecipients, type NamedRecipient } from './identity-file.ts'
export { createAgeProvider, type AgeOptions, type IdentitySource } from './provider.ts'
export { parseAgeRecipient, type AgeRecipient, type AgeRef } from './ref.ts'
