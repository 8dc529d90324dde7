export { TemplateError, TemplatesError } from './errors.ts'
export { renderTemplates } from './render.ts'
export { DEFAULT_LIMITS, Template, type Limits } from './template.ts'
export { Dict, type GoValue } from './values.ts'
