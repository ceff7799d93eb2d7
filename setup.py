"""Put the assets into the package when it is built; everything else is in pyproject.toml."""

from setuptools import find_packages, setup

setup(
    packages=[*find_packages(include=["matting*"]), "matting.assets"],
    package_dir={"matting.assets": "assets"},
    package_data={
        "matting.assets": ["backgrounds/*", "examples/**/*", "weights/**/*"],
        "matting.app.parts": ["*.css", "*.js"],
        "matting.app.pick": ["*.js"],
        "matting.app.result": ["*.js"],
    },
)
