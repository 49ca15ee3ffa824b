export { type Board, type BoardOptions, type BoardRefusal, defaultPort, startBoard } from './board.ts';
export { isRunFolder } from './collector/folders.ts';
export { type Report, type ReportOptions, writeReport } from './report/report.ts';
export { type Exported, exportTensorboard, type TensorboardOptions } from './tensorboard/export.ts';
export { type Companion, type CompanionOptions, startCompanion } from './upload/thread.ts';
export { type Uploaded, type UploadOptions, upload } from './upload/uploader.ts';
export { type Evaluation, evaluationOf, readEvaluation } from './views/evaluation.ts';
