/** The part of cli-progress that the demo uses; the package brings no types. */
declare module 'cli-progress' {
  export type Bar = {
    update(value: number, payload?: Record<string, string>): void;
    update(payload: Record<string, string>): void;
    setTotal(total: number): void;
  };
  export class MultiBar {
    constructor(options: {
      format: string;
      hideCursor?: boolean;
      clearOnComplete?: boolean;
      emptyOnZero?: boolean;
      forceRedraw?: boolean;
      gracefulExit?: boolean;
      barsize?: number;
      fps?: number;
      stream?: NodeJS.WritableStream;
    });
    create(total: number, value: number, payload?: Record<string, string>): Bar;
    stop(): void;
  }
}
