"""Settings, each from the environment variable of its name."""

import os

TRUE = {"true", "1", "yes", "on"}


class Config:
    """All that can be set from outside."""

    MODEL_NAME: str = os.getenv("MODEL_NAME", "resnet50")
    DEVICE: str = os.getenv("DEVICE", "cpu")
    HOST: str = os.getenv("HOST", "0.0.0.0")
    PORT: int = int(os.getenv("PORT", "5000"))
    DEBUG: bool = os.getenv("DEBUG", "false").lower() in TRUE
    MAX_FILE_SIZE: int = int(os.getenv("MAX_FILE_SIZE", "10485760"))
    MAX_IMAGE_DIMENSION: int = int(os.getenv("MAX_IMAGE_DIMENSION", "4096"))
    REQUEST_TIMEOUT: int = int(os.getenv("REQUEST_TIMEOUT", "30"))
    DEFAULT_TOP_K: int = int(os.getenv("DEFAULT_TOP_K", "5"))
    MAX_TOP_K: int = int(os.getenv("MAX_TOP_K", "10"))
    LOG_LEVEL: str = os.getenv("LOG_LEVEL", "INFO")
    LABELS_URL: str = os.getenv(
        "IMAGENET_LABELS_URL",
        "https://raw.githubusercontent.com/pytorch/hub/master/imagenet_classes.txt",
    )

    def validate(self) -> bool:
        """Check what can be checked.

        Returns:
            True if all is well.

        Raises:
            ValueError: If a setting cannot be used.
        """
        if self.MODEL_NAME not in ("resnet50", "mobilenet_v2"):
            raise ValueError(f"MODEL_NAME {self.MODEL_NAME} is not supported")
        if not 1024 <= self.PORT <= 65535:
            raise ValueError(f"PORT {self.PORT} is not between 1024 and 65535")
        return True


config = Config()
