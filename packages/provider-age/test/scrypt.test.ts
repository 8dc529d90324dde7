import { expect, it, vi } from 'vitest'
import { unwrapForPassphrase } from '../src/scrypt.ts'

vi.mock('node:crypto', async (original) => ({
  ...(await original<object>()),
  scrypt: (...args: readonly unknown[]) => (args.at(-1) as (error: Error) => void)(new Error('error:078C0100:common libcrypto routines::malloc failure')),
}))

it('says how much memory a passphrase takes that the machine does not have', async () => {
  const opened = unwrapForPassphrase({ salt: Buffer.alloc(16), log2n: 22, body: Buffer.alloc(32) }, 'correct horse')
  await expect(opened).rejects.toMatchObject({
    code: 'IDENTITY_INVALID',
    message: 'the work factor 22 of the passphrase takes 4096 MiB of memory, which there are not',
    hint: expect.stringContaining('lower work factor') as string,
  })
})
