/**
 * The key service over REST: `POST /v1/RESOURCE:encrypt` and `:decrypt`, bytes in base64, 64-bit numbers as text.
 * Follows: cloud.google.com/kms/docs/reference/rest/v1/projects.locations.keyRings.cryptoKeys (encrypt, decrypt).
 * @module
 */
import { CodedError, decodeBase64, encodeBase64 } from '@waxseal/core'
import { asFields, bodyFields, createHttpClient, type Agents, type Answer, type Fields } from '@waxseal/http'
import { KmsRefusal, saying, STATUS_NAMES, type KmsAnswer, type StatusName, type Transport } from './kms.ts'

const BY_HTTP_STATUS: Readonly<Record<number, StatusName>> = {
  400: 'INVALID_ARGUMENT', 401: 'UNAUTHENTICATED', 403: 'PERMISSION_DENIED', 404: 'NOT_FOUND', 409: 'ABORTED', 429: 'RESOURCE_EXHAUSTED', 500: 'INTERNAL', 501: 'UNIMPLEMENTED', 504: 'DEADLINE_EXCEEDED',
}

export function restTransport(endpoint: URL, agents: Agents): Transport {
  const http = createHttpClient({ agents })
  return async ({ action, key, input, inputCrc32c }, authorization, signal) => {
    const [inputName, outputName] = action === 'encrypt' ? ['plaintext', 'ciphertext'] : ['ciphertext', 'plaintext']
    const inputB64 = encodeBase64(input)
    const answer = await http.send(
      {
        method: 'POST',
        url: new URL(`/v1/${key}:${action}`, endpoint),
        headers: { ...authorization, 'content-type': 'application/json', 'x-goog-request-params': `name=${encodeURIComponent(key)}` },
        body: JSON.stringify({ name: key, [inputName]: inputB64, [`${inputName}Crc32c`]: String(inputCrc32c) }),
      },
      signal,
    )
    const fields = bodyFields(answer)
    if (answer.status !== 200) throw refusal(answer, fields, (text) => saying(text, authorization, inputB64))
    return readAnswer(fields, outputName)
  }
}

/** @throws CodedError KEY_SERVICE_FAILED */
function readAnswer(fields: Fields, outputName: string): KmsAnswer {
  const [text, crc] = [fields[outputName], fields[`${outputName}Crc32c`]]
  const output = typeof text === 'string' ? decodeBase64(text) : null
  if (output === null || output.length === 0) throw new CodedError('KEY_SERVICE_FAILED', `the answer of GCP KMS has no ${outputName}`, { hint: 'check the endpoint' })
  return { output, crc32c: crc === undefined ? undefined : Number(crc) }
}

function refusal({ status, headers }: Answer, fields: Fields, clean: (text: string) => string): KmsRefusal {
  const error = asFields(fields['error'])
  const name = STATUS_NAMES.find((known) => known === error['status']) ?? BY_HTTP_STATUS[status] ?? (status >= 500 ? 'UNAVAILABLE' : 'UNKNOWN')
  const seconds = Number(headers['retry-after'] ?? Number.NaN)
  const said = typeof error['message'] === 'string' ? clean(error['message']) : `HTTP status ${status}`
  return new KmsRefusal(name, said, seconds >= 0 ? seconds * 1000 : undefined)
}
