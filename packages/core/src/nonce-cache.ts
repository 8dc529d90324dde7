export class NonceCache {}
