/** The bytes that mean something in CSV, by name. */
export const lineFeed = 10;
export const carriageReturn = 13;
export const space = 32;
export const tab = 9;
export const quote = 34;
export const comma = 44;
