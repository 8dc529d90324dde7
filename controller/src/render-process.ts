/**
 * The process that renders templates; one answer to each task, in their order.
 * @module
 */
import { renderTemplates, TemplatesError } from '@waxseal/go-template'

export interface RenderTask {
  readonly templates: ReadonlyMap<string, string>
  readonly values: ReadonlyMap<string, Uint8Array>
}

export type RenderAnswer = { readonly rendered: ReadonlyMap<string, Uint8Array> } | { readonly failures: ReadonlyMap<string, string> }

process.on('message', (task: RenderTask) => process.send?.(answer(task)))

function answer({ templates, values }: RenderTask): RenderAnswer {
  try {
    return { rendered: renderTemplates(templates, values) }
  } catch (error) {
    if (error instanceof TemplatesError) return { failures: error.failures }
    throw error
  }
}
