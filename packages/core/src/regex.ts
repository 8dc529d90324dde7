/**
 * Regular expressions of rules and selectors: Go's syntax (RE2), searched anywhere in the text, in linear time.
 * @module
 */
import { CodedError } from './errors.ts'
import { compileSimplePattern } from './simple-pattern.ts'

/**
 * @param name - of the setting, for the message
 * @throws CodedError REGEX_INVALID
 */
export async function compileRegex(pattern: string, name: string): Promise<(text: string) => boolean> {
  const simple = compileSimplePattern(pattern)
  if (simple !== undefined) return simple
  const { RE2JS } = await import('re2js') // 20 ms: only what needs it pays
  try {
    const regex = RE2JS.compile(pattern)
    return (text) => regex.matcher(text).find()
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : 'it cannot be compiled'
    throw new CodedError('REGEX_INVALID', `${name} is not a regular expression: ${why}`, { cause, hint: 'the syntax is that of RE2: no look-around, no back-references' })
  }
}
