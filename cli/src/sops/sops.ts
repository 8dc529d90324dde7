import type { Handler } from '../context.ts'
export const sops: Handler = async () => 0
