/**
 * What HuaweiCloud's services answer, and what it means when they refuse.
 * Follows: huaweicloud-sdk-go-v3 0.1.202 core/sdkerr (ServiceResponseError).
 * @module
 */
import { CodedError, type Failure } from '@waxseal/core'
import { asFields, bodyFields, judgeNetwork, judgeStatus, quoted, type Answer, type Fields } from '@waxseal/http'

class Refused extends Error {
  readonly answer: Answer
  readonly said: string
  constructor(answer: Answer, said: string) {
    super('refused')
    this.answer = answer
    this.said = said
  }
}

/** Of what `success` threw, or the connection. */
export function judge(cause: unknown): Failure {
  if (!(cause instanceof Refused)) return judgeNetwork('HuaweiCloud cannot be reached', cause)
  const { answer, said } = cause
  // 400: a key that does not exist, or does not open what stands in the file.
  return judgeStatus(`HuaweiCloud answered ${answer.status}: ${said}`, answer, answer.status === 400 ? { code: 'KEY_REJECTED' } : {})
}

/** @param secrets - that were sent and stand in no message. @throws Refused */
export function success(answer: Answer, secrets: readonly string[]): Answer {
  if (answer.status >= 200 && answer.status < 300) return answer
  throw new Refused(answer, quoted(reasonOf(answer), secrets))
}

/** `{"error_code", "error_msg"}` or `{"error": {...}}`; IAM writes `code` and `message`. Other bodies are not quoted. */
function reasonOf(answer: Answer): string {
  const fields = bodyFields(answer)
  const error = asFields(fields['error'] ?? fields)
  const texts = [error['error_code'] ?? error['code'], error['error_msg'] ?? error['message']].filter((text) => typeof text === 'string' || typeof text === 'number')
  return texts.length > 0 ? texts.join(' ') : 'without a reason'
}

/** @throws CodedError KEY_SERVICE_FAILED */
export function fieldsOf(answer: Answer): Fields {
  const fields = bodyFields(answer)
  if (Object.keys(fields).length === 0) throw new CodedError('KEY_SERVICE_FAILED', 'the answer of HuaweiCloud is not what was asked for')
  return fields
}
