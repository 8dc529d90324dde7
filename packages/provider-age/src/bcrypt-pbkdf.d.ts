/** The library brings no types. It is CommonJS: only its default export is sure to be found. */
declare module 'bcrypt-pbkdf' {
  const bcrypt: {
    /** @returns 0, or another number for sizes that cannot be */
    pbkdf(
      this: void,
      password: Uint8Array,
      passwordLength: number,
      salt: Uint8Array,
      saltLength: number,
      key: Uint8Array,
      keyLength: number,
      rounds: number,
    ): number
  }
  export default bcrypt
}
