runcheck .ci .config .editorconfig .git .gitattributes .gitignore .local .pre-commit-config.yaml .tools CHANGELOG.md CONTRIBUTING.md LICENSE README.md benchmarks cache check completions dev docs examples fixtures index justfile lock pyproject.toml recover reproduce rule rules schemas spec src tests 
runcheck --depth 
runcheck check --depth content deep structure 
runcheck --depth=structure 
runcheck --select RC3,RC401 RC3,RC402 RC3,RC403 RC3,RC404 RC3,RC405 RC3,RC406 RC3,RC407 RC3,RC408 RC3,RC409 
runcheck --select=RC3,RC401 RC3,RC402 RC3,RC403 RC3,RC404 RC3,RC405 RC3,RC406 RC3,RC407 RC3,RC408 RC3,RC409 
runcheck rule RC301 RC302 RC303 RC304 RC305 RC306 RC307 RC308 RC309 
runcheck src 
runcheck recover src 
runcheck reproduce --help --keep --repository --rtol --run --tree 
runcheck completions bash fish zsh 
runcheck --jobs 
runcheck check --ver
