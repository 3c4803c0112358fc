# Sourced from the root of the repository: puts HuggingFace's tokenizers (npm) on NODE_PATH, from
# build/npm, where it is installed once. Returns 1, with a line that begins with SKIP, without it.

npm_tokenizers() {
    version=0.23.2
    if ! command -v node >/dev/null || ! command -v npm >/dev/null; then
        echo "SKIP no node and npm: HuggingFace's tokenizers cannot be asked"
        return 1
    fi
    if [ ! -d build/npm/node_modules/tokenizers ]; then
        mkdir -p build/npm
        if ! npm install --silent --no-audit --no-fund --prefix build/npm "tokenizers@$version" \
            >/dev/null 2>&1; then
            echo "SKIP npm cannot install tokenizers@$version"
            return 1
        fi
    fi
    NODE_PATH=$PWD/build/npm/node_modules
    export NODE_PATH
}
