export { Sluice, type ReceiptsOf } from './sluice.ts';
export { NoAnswer, SluiceError, type Problem } from './errors.ts';
export type { SluiceOptions } from './http.ts';
export type { Batches, BatchMoved, BatchNews, LargeBatch, Receipt } from './batches.ts';
export type { BatchStatus, Uploaded, UploadOptions } from './upload.ts';
export type { UploadInput } from './upload-source.ts';
export type { Execution, ExecutionChange, ExecutionInput, Executions, ExecutionsSubmitted, Order, OrderInput, Orders, OrdersCreated, OrdersSubmitted, Page, Pending, WriteOptions } from './records.ts';
export type { components } from './api.ts';
