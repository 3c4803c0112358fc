/* A C++ program that uses an installed libgte: RAII around the handles, texts of std::string. */
#include <gte.h>

#include <cstdio>
#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

struct close_model {
    void operator()(gte_model *m) const { gte_model_close(&m); }
};
struct free_context {
    void operator()(gte_context *c) const { gte_context_free(&c); }
};

static std::vector<float> embed(const char *path, const std::vector<std::string> &strings)
{
    gte_error err;
    gte_model *m = nullptr;
    gte_context *c = nullptr;
    if (gte_model_open(&m, path, nullptr, &err) != GTE_OK) throw std::runtime_error(err.message);
    std::unique_ptr<gte_model, close_model> model(m);
    gte_context_options options = GTE_CONTEXT_OPTIONS_INIT;
    options.threads = 2;
    if (gte_context_create(&c, m, &options, &err) != GTE_OK) throw std::runtime_error(err.message);
    std::unique_ptr<gte_context, free_context> context(c);

    gte_model_info info;
    gte_model_describe(m, &info, sizeof info);
    std::vector<gte_text> texts;
    for (const std::string &s : strings) texts.push_back(gte_text{s.data(), s.size(), nullptr, 0});
    std::vector<float> out(texts.size() * static_cast<size_t>(info.hidden_size));
    if (gte_embed(c, texts.data(), texts.size(), nullptr, out.data(), out.size(), &err) != GTE_OK)
        throw std::runtime_error(err.message);
    return out;
}

int main(int argc, char **argv)
{
    if (argc != 2) return 2;
    try {
        std::vector<float> v = embed(argv[1], {"the cat sleeps", "the cat sleeps", "今天天气很好"});
        size_t dims = v.size() / 3;
        float cosine[2];
        gte_similarity(v.data(), 1, v.data() + dims, 2, dims, cosine, nullptr);
        std::printf("%zu dimensions, %.3f %.3f, libgte %s\n", dims, static_cast<double>(cosine[0]),
                    static_cast<double>(cosine[1]), gte_version());
        return cosine[0] > 0.9999f && cosine[1] < cosine[0] ? 0 : 1;
    } catch (const std::exception &e) {
        std::fprintf(stderr, "%s\n", e.what());
        return 1;
    }
}
