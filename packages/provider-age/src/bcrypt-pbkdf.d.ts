/** The library brings no types. */
declare module 'bcrypt-pbkdf' {
  /** @returns 0, or another number for sizes that cannot be */
  export function pbkdf(
    password: Uint8Array,
    passwordLength: number,
    salt: Uint8Array,
    saltLength: number,
    key: Uint8Array,
    keyLength: number,
    rounds: number,
  ): number
}
