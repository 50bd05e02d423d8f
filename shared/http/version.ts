/** The version that `/health` says; a test holds it to that of package.json. */
export const version = '0.1.0';
