"""The data sets that recipes train on, by name."""

import functools
from pathlib import Path

from sterna.spec import ConfigError

from . import cifar, emnist, events, images, speech
from .datasets import MNIST_FILES, read_mnist
from .examples import DataSet, Examples


def _idx(folder: Path, split: str) -> Examples:
    images = read_mnist(folder, {"train": "train", "test": "t10k"}[split])
    return Examples(images.pixels[:, None], images.labels.astype("int64"))


def _emnist(part: str) -> DataSet:
    classes = emnist.CLASSES[part]
    return DataSet(
        name=f"emnist-{part}",
        about=f"handwritten characters, 28 x 28 grey, {len(classes)} classes",
        classes=len(classes),
        names=tuple(classes),
        shape=(1, emnist.SIDE, emnist.SIDE),
        files=f"EMNIST's files emnist-{part}-train-images-idx3-ubyte, -train-labels-idx1-ubyte, "
        f"-test-images-idx3-ubyte and -test-labels-idx1-ubyte, gzipped or not",
        source="get them from www.nist.gov/itl/products-and-services/emnist-dataset "
        "(cite Cohen et al. 2017)",
        split="official",
        read=functools.partial(emnist.read_emnist, part=part),
    )


_SETS = (
    DataSet(
        name="mnist",
        about="handwritten digits, 28 x 28 grey",
        classes=10,
        shape=(1, 28, 28),
        files=f"MNIST's four files, {MNIST_FILES}, gzipped or not",
        source="ask for MNIST's mirrors, as its home no longer serves them (CC BY-SA 3.0)",
        split="official, 10,000 of 70,000",
        read=_idx,
    ),
    DataSet(
        name="fashion-mnist",
        about="articles of clothing, 28 x 28 grey",
        classes=10,
        shape=(1, 28, 28),
        files=f"Fashion-MNIST's four files, which have MNIST's names: {MNIST_FILES}",
        source="get them from github.com/zalandoresearch/fashion-mnist (MIT)",
        split="official, 10,000 of 70,000",
        read=_idx,
    ),
    *(_emnist(part) for part in emnist.CLASSES),
    DataSet(
        name="cifar10",
        about="small photographs, 32 x 32 RGB, 10 classes",
        classes=10,
        names=(
            "airplane",
            "automobile",
            "bird",
            "cat",
            "deer",
            "dog",
            "frog",
            "horse",
            "ship",
            "truck",
        ),
        shape=cifar.SHAPE,
        files="data_batch_1 to data_batch_5 and test_batch, in binary (.bin) or for Python",
        source="get them from www.cs.toronto.edu/~kriz/cifar.html (cite Krizhevsky 2009)",
        split="official, 10,000 of 60,000",
        read=cifar.read_cifar10,
    ),
    DataSet(
        name="cifar100",
        about="small photographs, 32 x 32 RGB, 100 classes",
        classes=100,
        shape=cifar.SHAPE,
        files="train and test, in binary (.bin) or for Python",
        source="get them from www.cs.toronto.edu/~kriz/cifar.html (cite Krizhevsky 2009)",
        split="official, 10,000 of 60,000",
        read=cifar.read_cifar100,
    ),
    DataSet(
        name="svhn",
        about="house numbers, cropped digits, 32 x 32 RGB",
        classes=10,
        shape=images.SHAPE,
        files="train_32x32.mat and test_32x32.mat",
        source="get them from ufldl.stanford.edu/housenumbers (not for commercial use)",
        split="official, 26,032 images; the extra training images are not used",
        read=images.read_svhn,
    ),
    DataSet(
        name="gtsrb",
        about="traffic signs, cut out and scaled to 32 x 32 RGB, 43 classes",
        classes=images.GTSRB_CLASSES,
        shape=images.SHAPE,
        files="Final_Training/Images/CLASS with GT-CLASS.csv, and Final_Test/Images with "
        "GT-final_test.csv; or torchvision's gtsrb/GTSRB; or Kaggle's Train.csv and Test.csv with "
        "their pictures",
        source="get GTSRB_Final_Training_Images, GTSRB_Final_Test_Images and GTSRB_Final_Test_GT "
        "from benchmark.ini.rub.de (cite Stallkamp 2012), unpack them into one folder, and lay "
        "the table with classes beside the test images",
        split="official, 12,630 images",
        read=images.read_gtsrb,
    ),
    DataSet(
        name="flickrlogos-32",
        about="brands' logos in photographs, cut out and scaled to 32 x 32 RGB",
        classes=len(images.LOGOS),
        shape=images.SHAPE,
        files="trainset.txt, valset-logosonly.txt, testset-logosonly.txt and classes/",
        source="ask for FlickrLogos-32 at www.multimedia-computing.de/flickrlogos (research only)",
        split="official (P3), logos cut out by their boxes; pictures without a logo are left out",
        read=images.read_logos,
    ),
    DataSet(
        name="vad",
        about="speech or none, frames of 10 ms of recordings of your own, 32 mel bands",
        classes=2,
        shape=speech.FRAMES_SHAPE,
        rate=speech.VAD_RATE,
        files="train/*.wav and test/*.wav, each with a label track NAME.txt: lines of begin and "
        "end in seconds and `speech`",
        source="take any recordings, and label them, with Audacity say; the set "
        "that IBM used is not public",
        split="what lies in test/",
        read=speech.read_vad,
    ),
    DataSet(
        name="timit-frames",
        about="phones of American English, by frames of 10 ms, 32 mel bands",
        classes=len(speech.PHONES),
        shape=speech.FRAMES_SHAPE,
        rate=speech.TIMIT_RATE,
        files="TRAIN/ and TEST/ of TIMIT: REGION/SPEAKER/SENTENCE.wav with .phn",
        source="buy it from the LDC: LDC93S1",
        split="the complete test set without SA sentences; not the core test set of 24 speakers",
        read=speech.read_timit_frames,
    ),
    DataSet(
        name="timit-phones",
        about="phones of American English, whole, 32 mel bands",
        classes=len(speech.PHONES),
        shape=speech.FRAMES_SHAPE,
        rate=speech.TIMIT_RATE,
        files="TRAIN/ and TEST/ of TIMIT: REGION/SPEAKER/SENTENCE.wav with .phn",
        source="buy it from the LDC: LDC93S1",
        split="the complete test set without SA sentences; not the core test set of 24 speakers",
        read=speech.read_timit_phones,
    ),
    DataSet(
        name="nmnist",
        about="MNIST's digits as an event camera saw them, 34 x 34, polarity x saccade",
        classes=10,
        shape=events.SHAPE,
        binary=True,
        files="Train/DIGIT/*.bin and Test/DIGIT/*.bin",
        source="get them from www.garrickorchard.com/datasets/n-mnist (CC BY-SA 4.0)",
        split="official, 10,000 of 70,000",
        read=events.read_nmnist,
    ),
    DataSet(
        name="nmnist-events",
        about="the same recordings as streams: a frame of events each 15 ms, a plane a polarity",
        classes=10,
        shape=events.BIN_SHAPE,
        binary=True,
        streams=True,
        files="Train/DIGIT/*.bin and Test/DIGIT/*.bin",
        source="get them from www.garrickorchard.com/datasets/n-mnist (CC BY-SA 4.0)",
        split="official, 10,000 of 70,000 recordings",
        read=events.read_nmnist_events,
    ),
    DataSet(
        name="spoken-digits",
        about="spoken digits, 32 mel bands at 32 times",
        classes=10,
        shape=speech.DIGITS_SHAPE,
        rate=speech.DIGITS_RATE,
        files="DIGIT_SPEAKER_INDEX.wav, or a folder recordings/ with them",
        source="get the Free Spoken Digit Dataset from github.com/Jakobovski/"
        "free-spoken-digit-dataset (CC BY-SA 4.0)",
        split="customary: index below 5, of the same speakers as the training examples",
        read=speech.read_digits,
    ),
)
#: Data sets by name.
SETS = {one.name: one for one in _SETS}


def data_set(name: str) -> DataSet:
    """The data set of that name; raises ConfigError that lists the names."""
    if name not in SETS:
        raise ConfigError(f"no data set {name!r}; there are: {', '.join(SETS)}")
    return SETS[name]
