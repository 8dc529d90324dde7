export type { Context, Handler } from './context.ts'
export { EXIT_STATUS } from './exit-status.ts'
