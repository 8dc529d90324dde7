export type { Context, Handler } from './context.ts'
