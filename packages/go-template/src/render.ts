/**
 * The templates of a SealedSecret: each key's text is a template of its own over the decrypted items.
 * Follows: sealed-secrets 0.37.0 and later (pkg/apis/sealedsecrets/v1alpha1): texts of sibling templates are visible unrendered, a decrypted
 * item wins over a template of the same name.
 * @module
 */
import { TemplateError, TemplatesError } from './errors.ts'
import { DEFAULT_LIMITS, Meter, Template, type Limits } from './template.ts'
import { bytesOf, Dict, type GoValue } from './values.ts'

/**
 * @param templates - by item name
 * @param values - decrypted items, as bytes
 * @param limits - of all templates together
 * @returns the rendered items; those whose name is a decrypted item's are left out
 * @throws TemplatesError - with each template that fails, in key order
 */
export function renderTemplates(templates: ReadonlyMap<string, string>, values: ReadonlyMap<string, Uint8Array>, limits: Limits = DEFAULT_LIMITS): Map<string, Uint8Array> {
  const data = new Map<string, GoValue>()
  for (const [key, text] of templates) data.set(bytesOf(key), bytesOf(text))
  for (const [key, value] of values) data.set(bytesOf(key), Buffer.from(value).toString('latin1'))
  const rendered = new Map<string, Uint8Array>()
  const errors = new Map<string, TemplateError>()
  const budget = new Meter(limits) // somebody could write a thousand templates, each within its own
  let outputBytes = limits.outputBytes
  for (const key of [...templates.keys()].toSorted()) {
    if (values.has(key)) continue
    try {
      const output = Template.parse(key, templates.get(key) ?? '', limits).execute(new Dict(data, 'string'), { ...limits, outputBytes }, budget)
      outputBytes -= output.length
      rendered.set(key, output)
    } catch (error) {
      if (!(error instanceof TemplateError)) throw error
      errors.set(key, error)
    }
  }
  if (errors.size > 0) throw new TemplatesError(errors)
  return rendered
}
