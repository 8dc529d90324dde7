export * from './document.ts'
export * from './errors.ts'
export * from './provider.ts'
export * from './tree.ts'
