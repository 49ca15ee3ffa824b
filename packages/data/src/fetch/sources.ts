/** What the original's scripts and README fetch (SPEC 9.3), with the checksums that are publicly known. */
import type { Checksum } from './download.ts';

export type SourceFile = {
  readonly url: string;
  /** Where it goes, inside the folder. */
  readonly path: string;
  readonly checksum?: Checksum;
  /** Unpacked into this folder, inside the folder. */
  readonly unpackInto?: string;
};

const md5 = (hex: string): Checksum => ({ kind: 'md5', hex });
const media = 'https://pjreddie.com/media/files';
const coco = 'http://images.cocodataset.org';
const openImages = 'https://storage.googleapis.com/openimages/2018_04';

const archive = (url: string, unpackInto: string, sum?: string): SourceFile => ({
  url,
  path: url.slice(url.lastIndexOf('/') + 1),
  unpackInto,
  ...(sum && { checksum: md5(sum) }),
});
const plain = (url: string, path: string): SourceFile => ({ url, path });

export const dataSources = {
  voc: [
    archive(`${media}/VOCtrainval_11-May-2012.tar`, '.', '6cd6e144f989b92b3379bac3b3de84fd'),
    archive(`${media}/VOCtrainval_06-Nov-2007.tar`, '.', 'c52e279531787c972589f7e41ab4ae64'),
    archive(`${media}/VOCtest_06-Nov-2007.tar`, '.', 'b6e924de25625d8de591ea690078ad9f'),
  ],
  coco2014: [
    archive(`${media}/train2014.zip`, 'images'),
    archive(`${media}/val2014.zip`, 'images'),
    archive(`${media}/instances_train-val2014.zip`, '.'),
    archive(`${media}/coco/labels.tgz`, '.'),
    plain(`${media}/coco/5k.part`, '5k.part'),
    plain(`${media}/coco/trainvalno5k.part`, 'trainvalno5k.part'),
  ],
  coco2017: [
    archive(`${coco}/zips/train2017.zip`, 'images', 'cced6f7f71b7629ddf16f17bbcfab6b2'),
    archive(`${coco}/zips/val2017.zip`, 'images', '442b8da7639aecaf257c1dceb8ba8c80'),
    archive(`${coco}/annotations/annotations_trainval2017.zip`, '.', 'f4bbac642086de4f52a3fdda2de5fa2c'),
  ],
  openimages: [
    plain(`${openImages}/class-descriptions-boxable.csv`, 'class-descriptions-boxable.csv'),
    plain(`${openImages}/train/train-annotations-bbox.csv`, 'train-annotations-bbox.csv'),
    plain(`${openImages}/validation/validation-annotations-bbox.csv`, 'validation-annotations-bbox.csv'),
  ],
  weights: (
    [
      ['2Hb6hpz', 'backup/coco-baseline4/yolov3_492000.weights'],
      ['307a4LO', 'backup/coco-iou-14/yolov3_470000.weights'],
      ['2PWP8Cz', 'backup/coco-giou-12/yolov3_final.weights'],
      ['2vNjsGC', 'backup/yolov3-baseline2/yolov3-voc_50000.weights'],
      ['2WyedWT', 'backup/yolov3-giou-30/yolov3-voc_48000.weights'],
      ['2Hb70Hj', 'backup/yolov3-giou-40/yolov3-voc_50000.weights'],
    ] as const
  ).map(([link, path]) => plain(`https://stanford.io/${link}`, path)),
} as const satisfies Readonly<Record<string, readonly SourceFile[]>>;

export type DataSourceName = keyof typeof dataSources;
